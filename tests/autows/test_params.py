from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autows.errors import UserError
from autows.params import Configurable, build, format_spec, parse_spec, split_specs


class Thing(Configurable):
    """A thing."""

    name = "thing"

    def __init__(self, size: int = 3, rate: float = 0.5, kind: str = "a", limit: int | None = None) -> None:
        self.size, self.rate, self.kind, self.limit = size, rate, kind, limit


scalars = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.from_regex(r"[a-z_]+(\[[a-z]+=[a-z0-9]+\])?", fullmatch=True).filter(
        lambda s: s not in ("true", "false", "none", "nan", "inf", "infinity")
    ),
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), scalars, max_size=4))
def test_what_is_written_is_read_back(params):
    assert parse_spec(format_spec("x", params)) == ("x", params)


def test_values_are_read_as_what_they_look_like():
    text = "snuba[a=1, b=-2.5e-3, c=true, d=None, e=dawid_skene[smoothing=2,x=y[z=1]], f=a+b]"
    assert parse_spec(text) == (
        "snuba",
        dict(a=1, b=-0.0025, c=True, d=None, e="dawid_skene[smoothing=2,x=y[z=1]]", f="a+b"),
    )
    assert parse_spec("  pca  ") == ("pca", {})
    assert parse_spec("pca[]") == ("pca", {})


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a[", "a]", "a[b]", "a[b=]", "a[=1]", "a[b=1]c", "a[b=1,b=2]", "a[b=nan]", "a[b=-inf]", "1a"],
)
def test_what_cannot_be_read_is_said_in_one_line(text):
    with pytest.raises(UserError) as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)


def test_lists_are_split_outside_brackets_only():
    assert split_specs("a[x=1,y=b[z=2]],c,,") == ["a[x=1,y=b[z=2]]", "c"]
    for broken in ("a[x=1", "a]x[", "a]"):
        with pytest.raises(UserError, match="Unbalanced"):
            split_specs(broken)


def test_building_checks_names_and_types():
    assert build(Thing, "thing", {"size": 4, "rate": 1, "limit": 7}).get_params() == {
        "size": 4,
        "rate": 1.0,
        "kind": "a",
        "limit": 7,
    }
    assert build(Thing, "thing", {"kind": 5}).kind == "5"
    with pytest.raises(UserError, match=r"thing parameter 'sise'. Did you mean 'size'\?"):
        build(Thing, "thing", {"sise": 4})
    for wrong in ({"size": "x"}, {"size": 1.5}, {"rate": True}, {"size": True}):
        with pytest.raises(UserError, match="expected a value like the default"):
            build(Thing, "thing", wrong)


def test_spec_shows_what_differs_from_the_defaults():
    assert Thing().spec == "thing"
    assert Thing(rate=0.25, size=3).spec == "thing[rate=0.25]"
    assert Thing.about() == {"name": "thing", "summary": "A thing.", "parameters": Thing.default_params()}


def test_parameters_must_be_named_have_defaults_and_be_scalars():
    class Needy(Configurable):
        def __init__(self, size): ...

    class Loose(Configurable):
        def __init__(self, **anything): ...

    for cls in (Needy, Loose):
        with pytest.raises(TypeError, match="named parameters with defaults"):
            cls.default_params()
    with pytest.raises(TypeError, match="size is a list"):
        Thing(size=[1]).get_params()
    with pytest.raises(UserError, match="rate is nan; expected a finite number"):
        Thing(rate=float("nan")).get_params()
