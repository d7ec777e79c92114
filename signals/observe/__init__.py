"""What a person does with a stack: bring it up, send to it, look at it, find a signal in it, take it down."""
