from tests.web.pages.conftest import ana, ben, visit

__all__ = ["ana", "ben", "visit"]
