"""Whom to call when something is wrong."""

from sojourn.care.emergency import contacts
from sojourn.care.emergency.errors import ProvinceUnknown
from sojourn.care.emergency.models import ContactsAsked, ContactsOut
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.storefront import Module


@tool(title="Find emergency contacts", module=Module.EMERGENCY, refusals=(ProvinceUnknown,))
async def get_emergency_contacts(call: Call, asked: ContactsAsked) -> ContactsOut:
    """Police, ambulance, fire, tourist police, hospitals and embassies, by province or position. In danger: give the
    numbers at once, ask nothing first, and tell the customer to raise an alert in the app."""
    directory = contacts.read_directory(call.ctx.storefront.catalogue)
    return contacts.answer(directory, asked=asked, language=asked.language or call.ctx.language)


TOOLS = (get_emergency_contacts,)
