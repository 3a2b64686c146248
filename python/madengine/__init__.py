"""What Python code in a MAD package may import from madengine; the program itself is not written in Python."""
