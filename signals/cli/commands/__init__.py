"""The commands of `signals`: options in, one of this package's neighbours called, text or JSON out."""
