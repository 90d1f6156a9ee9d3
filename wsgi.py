from chatapp import create_app

app = create_app()
