"""What an answer says in the traveller's language."""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files

import yaml

from sojourn.catalog.eligibility.models import RequiredDocument
from sojourn.platform.i18n import Language, format_date

_OUTDATED: Mapping[Language, str] = {
    Language.EN: "Last checked on {day}. Rules change: ask the authority or one of our consultants before you book.",
    Language.KM: "បានពិនិត្យចុងក្រោយនៅ {day}។ វិធានអាចផ្លាស់ប្តូរ៖ សូមសួរអាជ្ញាធរ ឬទីប្រឹក្សារបស់យើង មុនពេលកក់។",
    Language.ZH: "最后核对日期：{day}。规定可能变动，预订前请向主管机关或我们的顾问确认。",
}


def _read_titles() -> Mapping[RequiredDocument, Mapping[Language, str]]:
    text = files("sojourn.catalog.eligibility").joinpath("documents.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    return {
        document: {language: found[document.value][language.value] for language in Language}
        for document in RequiredDocument
    }


_TITLES = _read_titles()


def document_title(document: RequiredDocument, language: Language) -> str:
    return _TITLES[document][language]


def outdated_warning(checked_on: date, language: Language) -> str:
    return _OUTDATED[language].format(day=format_date(checked_on, language))
