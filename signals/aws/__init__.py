"""What the commands read from AWS: one interface, which AWS itself and the embedded AWS implement."""
