from .installation import check_installed as check_installed
from .rank_recall import recall_in_rank as recall_in_rank
from .rank_recall import recalls_of_ranks as recalls_of_ranks
from .recalling import recall as recall
