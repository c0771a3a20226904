"""Refusals of the agent's tools."""

from sojourn.platform.errors import NotFound, Refusal


class ServiceKeyInvalid(Refusal):
    """Said for a missing key and a wrong one alike."""

    status = 401
    code = "SERVICE_KEY_INVALID"
    sentence = "Send a valid service key in the header X-Service-Key."


class ActingUserRequired(Refusal):
    status = 400
    code = "ACTING_USER_REQUIRED"
    sentence = "Say for which customer: the header X-Acting-User, or user_id, carries the customer's id."


class ActingUserNotFound(NotFound):
    """Unknown, signed off and staff accounts answer alike."""

    code = "ACTING_USER_NOT_FOUND"
    sentence = "There is no active customer with that id."


class ToolNotOffered(NotFound):
    code = "TOOL_NOT_OFFERED"
    sentence = "This storefront does not offer that tool."


class AiSessionNotFound(NotFound):
    code = "AI_SESSION_NOT_FOUND"
    sentence = "There is no such conversation, or its seven days are over."


class AiSessionTaken(Refusal):
    status = 409
    code = "AI_SESSION_TAKEN"
    sentence = "That session id belongs to another conversation. Choose a new one."


class AiSessionTooLarge(Refusal):
    """`details`: bytes and limit."""

    status = 413
    code = "AI_SESSION_TOO_LARGE"
    sentence = "The conversation's state is larger than can be kept. Summarise older turns."
