"""Compiled kernels: functions of plain arrays that leave the interpreter lock alone.

Importing this package imports numba, which takes a while: ``universe.compiled`` does it, when it is worth it.
"""
