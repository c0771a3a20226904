"""A Firebase service account that only the sandbox honours."""

import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def pretended_service_account(project: str, *, sandbox: str) -> str:
    """The JSON file's text, as Firebase would hand it out for `project`; tokens are fetched from the sandbox."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": project,
            "private_key_id": "0" * 40,
            "private_key": _private_key(),
            "client_email": f"push@{project}.iam.gserviceaccount.com",
            "token_uri": f"{sandbox}/push/token",
        }
    )


@cache
def _private_key() -> str:
    """One a process: nobody checks what it signs."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
