"""The pages, one thing each. They show what they are told, and say what a person does; where that leads is `flow`'s."""
