"""The product with the tools of the tests."""

from chatapp import create_app
from tests.web.pages import order_tools

order_tools.install()
app = create_app()
