"""The weights of the engines: what there is, fetching, verifying and exporting (`gatepost models`)."""
