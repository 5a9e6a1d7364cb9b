"""Finding entrants by where they lie: a module in a folder, or an entry point of another package."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from autows.errors import AutoWSError, UserError, unknown_name
from autows.params import Configurable, Scalar, build, parse_spec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T", bound=Configurable)


class Registry(Generic[T]):
    """The entrants of one kind, found without importing them.

    An entrant called ``x`` is a module ``x.py`` in one of the packages, holding one public class
    derived from ``base`` whose ``name`` is ``"x"``; or an entry point ``x = "package.module:Class"``
    of an installed distribution. Modules whose names begin with an underscore, and folders, are not entrants.

    Parameters
    ----------
    kind : str
        What the entrants are, in the singular, for messages and for ``run_bench.py list``.
    base : type
        The contract they derive from.
    packages : tuple of str
        Import names of the packages to look in; one that is not installed is passed over.
    """

    def __init__(self, kind: str, base: type[T], packages: tuple[str, ...]) -> None:
        self.kind = kind
        self.base = base
        self.packages = packages
        self._loaded: dict[str, type[T]] = {}

    @property
    def group(self) -> str:
        """The entry-point group through which other packages add entrants."""
        return f"autows.{self.plural.replace(' ', '_')}"

    @property
    def plural(self) -> str:
        """What the entrants are, in the plural."""
        return f"{self.kind[:-1]}ies" if self.kind.endswith("y") else f"{self.kind}s"

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=self.group)}

    def _modules(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                continue
            folder = importlib.import_module(package).__path__
            for module in pkgutil.iter_modules(folder):
                if not module.name.startswith("_") and not module.ispkg:
                    found.setdefault(module.name, []).append(f"{package}.{module.name}")
        return found

    def names(self) -> list[str]:
        """Return the names of all entrants, sorted."""
        return sorted(set(self._modules()) | set(self._entry_points))

    def get(self, name: str) -> type[T]:
        """Return the class of one entrant, importing its module; it is looked for once.

        Raises
        ------
        UserError
            If there is no such name.
        AutoWSError
            If two places claim the name, or its module does not hold what the contract asks for.
        """
        if name not in self._loaded:
            self._loaded[name] = self._find(name)
        return self._loaded[name]

    def _find(self, name: str) -> type[T]:
        homes = list(self._modules().get(name, []))
        point = self._entry_points.get(name)
        if point is not None:
            homes.append(point.value)
        if not homes:
            see = f"run_bench.py list {self.plural.replace(' ', '-')}"
            raise unknown_name(self.kind, name, self.names(), see)
        if len(homes) > 1:
            raise AutoWSError(
                f"The {self.kind} name '{name}' is claimed by {' and '.join(homes)}; rename one"
            )
        return self._check(point.load(), name, homes[0]) if point else self._from_module(name, homes[0])

    def create(self, spec: str, **params: Scalar) -> T:
        """Construct an entrant from ``name`` or ``name[key=value,...]`` and keyword arguments.

        Raises
        ------
        UserError
            If the name or a parameter is unknown, or a value is of the wrong type or out of range.
        """
        name, written = parse_spec(spec)
        entrant: T = build(self.get(name), self.kind, {**written, **params})
        try:
            entrant.validate()
        except ValueError as error:
            raise UserError(f"{self.kind.capitalize()} '{entrant.spec}': {error}") from error
        return entrant

    def describe(self) -> list[dict[str, Any]]:
        """Return what each entrant says about itself, in order of name; imports their modules."""
        return [self.get(name).about() for name in self.names()]

    def _from_module(self, name: str, path: str) -> type[T]:
        module = importlib.import_module(path)
        own = [
            value
            for key, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, self.base)
            and value.__module__ == module.__name__
            and not key.startswith("_")
        ]
        if len(own) != 1:
            raise AutoWSError(
                f"{path} holds {len(own)} public classes derived from {self.base.__name__}; "
                f"a {self.kind}'s module holds exactly one"
            )
        return self._check(own[0], name, path)

    def _check(self, cls: type[T], name: str, home: str) -> type[T]:
        if not (inspect.isclass(cls) and issubclass(cls, self.base)):
            raise AutoWSError(f"{home} is not a class derived from autows' {self.base.__name__}")
        if cls.name != name:
            raise AutoWSError(
                f"{home} is registered as '{name}' but its class says name = {cls.name!r}; make them equal"
            )
        return cls
