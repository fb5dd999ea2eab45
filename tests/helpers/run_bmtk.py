"""BMTK's PointNet simulates each SONATA circuit that is named, as it is."""

import os
import sys

os.environ["OMP_WAIT_POLICY"] = "passive"  # threads of NEST spin otherwise

from bmtk.simulator import pointnet

for folder in sys.argv[1:]:
    os.chdir(folder)
    config = pointnet.Config.from_json("simulation_config.json")
    config.build_env()
    network = pointnet.PointNetwork.from_config(config)
    pointnet.PointSimulator.from_config(config, network).run()
