"""Methods that live in a file of their own: ``FILE.py`` or ``FILE.py:Class`` becomes a class.

Such a file stands alone: it may import what is installed, and nothing that lies beside it. Its class is
what a registered method is - it can be constructed with parameters, identified by its source, and sent
to worker processes - but no name leads to it.
"""

from __future__ import annotations

import contextlib
import copyreg
import hashlib
import importlib.machinery
import importlib.util
import inspect
import keyword
import math
import re
import sys
from collections.abc import Collection, Set
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from autows.errors import UserError
from autows.method import NEEDS, Method, names
from autows.task import MODALITIES

MAX_BYTES = 2**20
"""The largest file that is taken for a method's source, in bytes."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


def split_target(target: str) -> tuple[Path, str | None]:
    """Split ``FILE.py`` or ``FILE.py:Class`` into the file and the name of the class.

    Raises
    ------
    UserError
        If what stands behind the colon is no name of a class.

    Examples
    --------
    >>> path, name = split_target("methods/mine.py:Mine")
    >>> path.name, name
    ('mine.py', 'Mine')
    >>> split_target("mine.py")[1] is None
    True
    """
    path, colon, name = target.rpartition(":")
    if not colon or target.endswith(".py"):
        return Path(target), None
    if not path or not name.isidentifier():
        raise UserError(f"Cannot read '{target}'; write FILE.py or FILE.py:Class")
    return Path(path), name


def reserved_name(name: str) -> bool:
    """Say whether a method of that name is registered already, so that another may not take it."""
    return name in names()


def name_mistake(name: object) -> str | None:
    """Say what keeps ``name`` from being a method's name, or return None if nothing does.

    Examples
    --------
    >>> name_mistake("two_means") is None
    True
    >>> print(name_mistake("2-means"))
    expected a lowercase identifier of at most 64 characters, such as nearest_means
    """
    if not isinstance(name, str) or not _NAME.match(name):
        return "expected a lowercase identifier of at most 64 characters, such as nearest_means"
    if keyword.iskeyword(name):
        return "it is a word of Python; choose another"
    return None


def load_class(path: Path, class_name: str | None = None) -> type[Method]:
    """Import a file and return the method in it.

    The file is imported under a private name made of its content, once a process: the same content gives
    the same class, changed content another one. ``sys.path`` is as before afterwards and no bytecode is
    written. What the file prints while it is imported goes to stderr.

    Parameters
    ----------
    path : Path
        A Python file of at most :data:`MAX_BYTES`. It cannot import files that lie beside it.
    class_name : str, optional
        Which class; may be left out where the file holds one public method.

    Returns
    -------
    type
        A class derived from :class:`~autows.method.Method`, defined in the file. Whether its name is
        :func:`reserved <reserved_name>` is not looked at.

    Raises
    ------
    UserError
        If the file cannot be imported or does not hold what a method has to be; one line that says
        what to do.
    """
    module = _import(path, _read(path))
    cls = _pick(path, module, class_name)
    _check(path, cls)
    # Workers do not find the module by its name; they load the file again.
    copyreg.pickle(cls, _reduce)
    return cls


def _read(path: Path) -> bytes:
    if path.suffix != ".py":
        raise UserError(f"{path} is not a Python file; expected FILE.py or FILE.py:Class")
    if path.is_dir():
        raise UserError(f"{path} is a folder; expected a Python file")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(
                f"{path} has {size} bytes; a method's file has at most {MAX_BYTES} (1 MiB). "
                "Data do not belong into it"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"There is no file {path}") from None
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}") from error


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles what was read, and neither reads nor writes bytecode."""

    def __init__(self, fullname: str, path: str, source: bytes) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self._source, self.path, "exec", dont_inherit=True)
        return code


def _module_name(path: Path, source: bytes) -> str:
    # No path in it: the identity of a run is the same wherever the file lies.
    stem = re.sub(r"\W", "_", path.stem)
    return f"_autows_method_file_{stem}_{hashlib.sha256(source).hexdigest()[:16]}"


def _import(path: Path, source: bytes) -> ModuleType:
    path = path.resolve()
    name = _module_name(path, source)
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    loader = _Loader(name, str(path), source)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise UserError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    search_path = list(sys.path)
    sys.modules[name] = module
    try:
        with contextlib.redirect_stdout(sys.stderr):
            loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise
        raise _import_error(path, error) from error
    finally:
        sys.path[:] = search_path
    return module


def _import_error(path: Path, error: BaseException) -> UserError:
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError) and error.filename == str(path):
        where = "" if error.lineno is None else f", line {error.lineno}"
        return UserError(f"{path}{where}: not valid Python: {error.msg}")
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if (path.parent / f"{package}.py").exists() or (path.parent / package).is_dir():
            return UserError(
                f"{path.name} imports '{package}', which lies beside it; a method is one file, so move what "
                "it uses into it"
            )
        if importlib.util.find_spec(package) is None:
            return UserError(
                f"{path.name} needs the package '{package}', which is not installed; install it, or import "
                "something else"
            )
    trace = error.__traceback__
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    where = "" if line is None else f", line {line}"
    return UserError(f"{path}{where}: it fails on import: {type(error).__name__}: {text}".rstrip(": "))


def _pick(path: Path, module: ModuleType, class_name: str | None) -> type[Method]:
    own = {
        value.__name__: value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Method) and value.__module__ == module.__name__
    }
    public = {name: value for name, value in own.items() if not name.startswith("_")}
    if class_name is not None:
        if class_name in own:
            return own[class_name]
        if class_name not in vars(module):
            there = f"; it holds {', '.join(sorted(public))}" if public else ""
            raise UserError(f"{path.name} has no class '{class_name}'{there}")
        raise UserError(
            f"'{class_name}' of {path.name} is not a method defined there; derive a class from autows.Method"
        )
    # A base that several classes share is not meant.
    whole = {name: value for name, value in public.items() if not inspect.isabstract(value)} or public
    if not whole:
        raise UserError(
            f"{path.name} holds no method; derive a class from autows.Method. "
            "A file to begin with: run_bench.py new-method NAME"
        )
    if len(whole) > 1:
        raise UserError(
            f"{path.name} holds several methods, {' and '.join(sorted(whole))}; "
            f"say which: {path.name}:{min(whole)}"
        )
    return next(iter(whole.values()))


def _check(path: Path, cls: type[Method]) -> None:
    what = f"{cls.__name__} in {path.name}"
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise UserError(f"{what} does not implement {missing}; a method is def fit_predict(self, view, rng)")
    mistake = name_mistake(cls.name)
    if mistake is not None:
        said = "has no name" if cls.name == "" else f"has the name {cls.name!r}"
        raise UserError(f'{what} {said}; set name = "..." on the class: {mistake}')
    for attribute in ("family", "pretrained_data"):
        value = getattr(cls, attribute, "")
        if not isinstance(value, str):
            raise UserError(f"{what} has {attribute} = {value!r}; expected text")
    _check_names(what, "needs", cls.needs, NEEDS, (Set,), 'frozenset({"zero_shot"})')
    _check_names(what, "modalities", cls.modalities, MODALITIES, (tuple, list), '("image",)')
    try:
        defaults = cls.default_params()
    except (TypeError, ValueError) as error:
        raise UserError(f"{what}: {error}") from None
    for key, value in defaults.items():
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise UserError(
                f"{what}: parameter {key} defaults to a {type(value).__name__}; parameters are strings, "
                "numbers, booleans or None"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{what}: parameter {key} defaults to {value}; expected a finite number")


def _check_names(
    what: str, attribute: str, given: Any, known: Collection[str], kinds: tuple[type, ...], example: str
) -> None:
    right = any(isinstance(given, kind) for kind in kinds)
    if not right or not all(isinstance(entry, str) for entry in given):
        raise UserError(f"{what} has {attribute} = {given!r}; write {attribute} = {example}")
    unknown = ", ".join(repr(entry) for entry in sorted(given) if entry not in known)
    if unknown:
        raise UserError(f"{what} has {attribute} with {unknown}; known are {', '.join(sorted(known))}")


def _reduce(method: Method) -> tuple[Any, ...]:
    module = sys.modules[type(method).__module__]
    return _restore, (module.__file__, module.__name__, type(method).__name__, dict(vars(method)))


def _restore(path: str, module_name: str, class_name: str, state: dict[str, Any]) -> Method:
    source = _read(Path(path))
    if _module_name(Path(path), source) != module_name:
        raise UserError(f"{path} was changed while it was used; start again")
    cls = load_class(Path(path), class_name)
    method = cls.__new__(cls)
    vars(method).update(state)
    return method
