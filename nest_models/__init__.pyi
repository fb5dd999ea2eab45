from .installation import check_installed as check_installed
from .ranks import recall_in_rank as recall_in_rank
from .ranks import recalls_of_ranks as recalls_of_ranks
from .recalling import recall as recall
