"""The live screen of `charge` and `monitor`: what it shows is pure, the terminal is Textual's.

Nothing here holds up the pump. Frames and views are stored as they come, a thread of its own makes a sight of
them, and the screen draws the latest one when it comes round to it: a slow terminal skips some.
"""
