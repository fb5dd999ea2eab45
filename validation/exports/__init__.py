"""Does what is exported recall as the memory does?"""
