"""Stripe's form encoding (`metadata[order]=7`, `expand[0]=latest_charge`) read into checked parameters."""

import re
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from sojourn.sandbox.errors import Json, ParameterError

MAX_AMOUNT = 99_999_999
# Stripe's presentment currencies.
CURRENCIES = frozenset(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad
    cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl
    hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga
    mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron
    rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs
    vnd vuv wst xaf xcd xof xpf yer zar zmw
    """.split()  # noqa: SIM905 - one quoted code a line would be 134 lines
)
NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def _blank_to_none(value: object) -> object:
    """Stripe unsets what is sent empty."""
    return None if value == "" else value


def _refuse_blank(value: object) -> object:
    if value == "":
        raise PydanticCustomError("parameter_invalid_empty", "You passed an empty string. It cannot be blank.")
    return value


def _list_of(value: object) -> object:
    """`{"0": a, "1": b}` is how a list arrives."""
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return value


def _check_amount(value: int) -> int:
    if value < 1:
        raise PydanticCustomError("parameter_invalid_integer", "This value must be greater than or equal to 1.")
    if value > MAX_AMOUNT:
        raise PydanticCustomError("amount_too_large", f"Amount must be no more than {MAX_AMOUNT} minor units.")
    return value


def _check_currency(value: str) -> str:
    if value.lower() not in CURRENCIES:
        raise PydanticCustomError("currency_invalid", "Invalid currency: {given}.", {"given": value})
    return value.lower()


def _check_metadata(value: dict[str, str] | None) -> dict[str, str] | None:
    if value is None:
        return None
    if len(value) > 50 or any(len(key) > 40 or len(text) > 500 for key, text in value.items()):
        raise PydanticCustomError(
            "metadata_invalid", "Metadata takes 50 keys of up to 40 characters with values of up to 500 characters."
        )
    return value


class Params(BaseModel):
    """The parameters of one call; anything else in the request is refused as unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expand: Annotated[list[str], BeforeValidator(_list_of)] = []

    def given(self, *names: str) -> Json:
        """Those of `names` that the request really carried, so that an update leaves the others alone."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


Amount = Annotated[int, BeforeValidator(_refuse_blank), AfterValidator(_check_amount)]
Currency = Annotated[str, BeforeValidator(_refuse_blank), AfterValidator(_check_currency)]
Text = Annotated[Annotated[str, Field(max_length=5000)] | None, BeforeValidator(_blank_to_none)]
Id = Annotated[str, BeforeValidator(_refuse_blank), Field(max_length=5000)]
Nested = Annotated[dict[str, Any] | None, BeforeValidator(_blank_to_none)]
Names = Annotated[list[str], BeforeValidator(_list_of)]
Metadata = Annotated[dict[str, str] | None, BeforeValidator(_blank_to_none), AfterValidator(_check_metadata)]

P = TypeVar("P", bound=Params)


def decode(text: str) -> Json:
    """Unfold bracketed names into nested objects.

    Raises:
        ParameterError: a name is malformed, or is used both as a value and as an object.
    """
    root: Json = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="strict")
    except ValueError as error:
        raise ParameterError("The request body is not valid form encoding.") from error
    for name, value in pairs:
        match = NAME.match(name)
        if match is None:
            raise ParameterError(f"Invalid parameter name: {name}", code="parameter_unknown", param=name)
        _place(root, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value, name)
    return root


def _place(root: Json, path: list[str], value: str, name: str) -> None:
    here = root
    for key in path[:-1]:
        below = here.setdefault(key, {})
        if not isinstance(below, dict):
            raise ParameterError(f"Invalid {path[0]}: both a value and an object", param=name)
        here = below
    here[path[-1] or str(len(here))] = value


def read_params(model: type[P], values: Json) -> P:
    """Check the decoded parameters of one call.

    Raises:
        ParameterError: with Stripe's code and the parameter's name.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _as_parameter_error(error.errors(include_url=False)[0]) from None


def _as_parameter_error(problem: ErrorDetails) -> ParameterError:
    first, *rest = [str(part) for part in problem["loc"]] or ["body"]
    param = first + "".join(f"[{part}]" for part in rest)
    given = problem["input"]
    match problem["type"]:
        case "missing":
            return ParameterError(f"Missing required param: {param}.", code="parameter_missing", param=param)
        case "extra_forbidden":
            return ParameterError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
        case "int_parsing" | "int_from_float" | "int_type" | "int_parsing_size":
            return ParameterError(f"Invalid integer: {given}", code="parameter_invalid_integer", param=param)
        case "bool_parsing" | "bool_type":
            return ParameterError(f"Invalid boolean: {given}", param=param)
        case "literal_error":
            expected = problem["ctx"]["expected"]
            return ParameterError(f"Invalid {param}: must be one of {expected}", param=param)
        case "parameter_invalid_empty" | "parameter_invalid_integer" | "amount_too_large" as code:
            return ParameterError(problem["msg"], code=code, param=param)
        case _:
            return ParameterError(f"Invalid {param}: {problem['msg']}", param=param)
