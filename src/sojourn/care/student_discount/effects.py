"""What a submitted verification sets going."""

from typing import Final

COMPARE_FACES: Final = "students.compare_faces"  # verification_id
