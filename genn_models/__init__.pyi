from .installation import check_installed as check_installed
from .recalling import recall as recall
