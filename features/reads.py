"""What a feature function reads, found when it is defined: a protected fact in a score feature fails at import."""

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from features import record as record_module
from features.record import Block, Sensitivity, sensitivity_of

ESCAPES = frozenset(
    {
        "__dict__", "__getattribute__", "__getstate__", "__iter__", "__pydantic_fields_set__", "__repr__", "__str__",
        "attrgetter", "delattr", "dict", "eval", "exec", "format", "getattr", "globals", "hasattr", "json", "locals",
        "model_copy", "model_dump", "model_dump_json", "model_extra", "model_fields_set", "repr", "setattr", "str",
        "vars",
    }
)  # fmt: skip
"""Names that reach facts without naming them."""


def problems(function: Callable[..., Any], feature: str) -> Iterator[str]:
    """Every protected fact that a function reads without permission, and every way around this check.

    Args:
        function: the body of a score feature.
        feature: its name; a fact may permit derivations by name (``derived_by`` in :mod:`features.record`).
    """
    for name in sorted(names_read(function)):
        if name in ESCAPES:
            yield f"uses {name!r}, which hides the facts that it reads: read them by name"
        elif name in PROTECTED and feature not in PROTECTED[name]:
            yield f"reads the protected fact {name!r}: make it use=Use.AUDIT, or let record.py permit the derivation"


def _block_types() -> list[type[Block]]:
    return [value for value in vars(record_module).values() if isinstance(value, type) and issubclass(value, Block)]


def _protected_facts() -> dict[str, frozenset[str]]:
    """Map each protected field name to the features that may derive a permitted fact from it.

    A name that is a plain feature fact in one block and protected in another counts as protected.
    """
    found: dict[str, frozenset[str]] = {}
    for block in _block_types():
        for name, info in block.model_fields.items():
            if sensitivity_of(block, name) not in {None, Sensitivity.FEATURE}:
                extra: Any = info.json_schema_extra
                allowed = (*extra.get("x-derived-by", ()), *extra.get("x-namesake-for", ()))
                found[name] = found.get(name, frozenset()) | frozenset(allowed)
    return found


PROTECTED = _protected_facts()
"""Protected field name -> names of the features that may derive something permitted from it."""


def names_read(function: Callable[..., Any]) -> set[str]:
    """Collect the attribute names and texts of a function and of the project's functions that it calls.

    >>> def years(record):
    ...     return record.traveller.age_years
    >>> sorted(names_read(years))
    ['age_years', 'traveller']
    """
    return _walk(function, set())


_BEHIND = ("function", "__wrapped__", "func", "__func__", "fget")
"""Where a feature, a cache, a partial, a method and a property keep the function that they call."""


def _behind(value: Any) -> Any:
    """Unwrap a value down to the function that a call of it would run."""
    for _ in range(10):  # no honest definition is wrapped deeper
        if isinstance(value, (FunctionType, ModuleType)):
            break
        inner = next((getattr(value, name) for name in _BEHIND if hasattr(value, name)), None)
        if inner is None:
            break
        value = inner
    return value


def _walk(function: Any, seen: set[CodeType]) -> set[str]:
    function = _behind(function)
    if not isinstance(function, FunctionType) or function.__code__ in seen:
        return set()
    names = _names_in(function.__code__, seen)
    for called in _called(function, names):
        names |= _walk(called, seen)
    return names


def _names_in(code: CodeType, seen: set[CodeType]) -> set[str]:
    """Names and texts of a piece of code and of the functions written inside of it."""
    seen.add(code)
    names = {*code.co_names, *code.co_freevars}
    todo = list(code.co_consts)
    while todo:
        constant = todo.pop()
        if isinstance(constant, CodeType):
            names |= _names_in(constant, seen)
        elif isinstance(constant, (tuple, frozenset)):  # names in match patterns, sets of texts
            todo.extend(constant)
        elif isinstance(constant, str):
            names.update(part for part in constant.split(".") if part.isidentifier())
    return names


def _called(function: FunctionType, names: set[str]) -> Iterator[Any]:
    """What a function may call: globals, functions of imported modules, closures, properties of the record."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    reachable = [function.__globals__.get(name) for name in names] + [cell.cell_contents for _, cell in cells]
    for module in [value for value in reachable if isinstance(value, ModuleType) and _is_ours(value.__name__)]:
        reachable += [vars(module).get(name) for name in names]
    for value in reachable:
        inner = _behind(value)
        if isinstance(inner, FunctionType) and _is_ours(inner.__module__):
            yield inner
    for block in _block_types():
        yield from (vars(block).get(name) for name in names)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in {"features", "tests"} or module == "__main__"
