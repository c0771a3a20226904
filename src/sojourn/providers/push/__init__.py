"""Messages to the apps on people's devices."""
