"""The server's side of connections: what every request has to pass before any of it is served."""
