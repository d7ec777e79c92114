"""Rules for event backbones in two Regions: written once, run over a recording and as a Pulumi policy pack."""
