"""The dynamics of the paper: the Internet, the network of models, the Gaussian-mixture proxy."""
