from .alignment import sliding_best_f1 as sliding_best_f1
from .cue_scores import CueScore as CueScore
from .cue_scores import score_cues as score_cues
from .sequences import Sequence as Sequence
from .sequences import sequence as sequence
from .uncued import Spontaneous as Spontaneous
from .uncued import spontaneous as spontaneous
