"""The program, with `measured_wizard` in place of its wizard.

The card process imports this module too, so it imports nothing by itself, as the program's own does.
"""

if __name__ == "__main__":
    from bench.measured_wizard import Measured
    from bench.told import tell_memory
    from sithsup.__main__ import main
    from sithsup.ui import app

    vars(app)["Wizard"] = Measured
    try:
        main()
    finally:
        tell_memory()
