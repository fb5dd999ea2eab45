from .memory_file import read_memory as read_memory
from .memory_file import write_memory as write_memory
from .pattern_inputs import read_patterns as read_patterns
from .raster_files import read_raster as read_raster
from .raster_files import write_raster as write_raster
from .recording import read_stretch as read_stretch
from .sealed_file import seal as seal
