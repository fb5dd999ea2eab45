from .lag import Lag as Lag
from .lag import follow_lag as follow_lag
from .matching import match_spikes as match_spikes
from .timed_scores import TimedScore as TimedScore
from .timed_scores import TimedScores as TimedScores
from .timed_scores import score_times as score_times
