"""What all tests of the module share."""

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The networks are so small that a second thread costs more than it gains."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
