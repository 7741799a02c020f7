"""Names of what a vendor makes: a client's method, or the vendor's own name of it, such as ``tm_text2video_b``."""

from __future__ import annotations

from difflib import get_close_matches

from soundstage_contracts.declarations.vendor import contract_of

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


def wire_names(vendor: str, operation: str) -> tuple[str, ...]:
    """Return the vendor's own names of *operation*, a method of its client or such a name; a method may have several.

    Raises:
        ValueError: The vendor has no such operation; the text names those that it has.
    """
    methods = _methods(vendor)
    if operation in methods:
        return methods[operation]
    if any(operation in names for names in methods.values()):
        return (operation,)
    known = {*methods, *(name for names in methods.values() for name in names)}
    similar = get_close_matches(operation, sorted(known), 1)
    hint = f"; did you mean {similar[0]!r}?" if similar else ""
    raise ValueError(f"operation of {vendor} must be one of {', '.join(sorted(known))}; got {operation!r}{hint}")


def one_wire_name(vendor: str, operation: str | None) -> str | None:
    """Return the vendor's own name of *operation*; None for every operation.

    Raises:
        ValueError: There is none, or the method has several, of which the text names each.
    """
    if operation is None:
        return None
    names = wire_names(vendor, operation)
    if len(names) == 1:
        return names[0]
    if len(_methods(vendor)) == 1:
        return None  # the only method, with all of its names
    raise ValueError(f"{operation!r} of {vendor} is one of {', '.join(names)}; give one of these names")


def method_of(vendor: str, wire_name: str) -> str:
    """Return the client's method for the vendor's own name of an operation; that name if no method has it."""
    found = (method for method, names in _methods(vendor).items() if wire_name in names)
    return next(found, wire_name)


def _methods(vendor: str) -> dict[str, tuple[str, ...]]:
    contract = contract_of(vendor)
    return {method: contract.wire_names.get(method, (method,)) for method in contract.operations}
