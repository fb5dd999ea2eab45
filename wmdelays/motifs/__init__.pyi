from .motif_files import write_motifs as write_motifs
from .motifs import Motifs as Motifs
from .motifs import find_motifs as find_motifs
from .use import SynapseUse as SynapseUse
from .use import synapse_use as synapse_use
from .use import without_unused as without_unused
