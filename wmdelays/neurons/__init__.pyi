from .continuous import ContinuousNeuron as ContinuousNeuron
from .lif import LIF as LIF
from .model import NeuronModel as NeuronModel
from .model import Parameter as Parameter
from .names import NEURONS as NEURONS
from .names import neuron_model as neuron_model
from .population import Neurons as Neurons
from .population import mixed as mixed
