"""The name that tools.json files of older packages use; see get_library_trace.sh."""
import os
import sys

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "get_library_trace.sh")
os.execvp("sh", ["sh", script, *sys.argv[1:]])
