"""
A pattern is recalled
=====================

Hello.
"""
