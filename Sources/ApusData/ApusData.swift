// The room of training data: from texts to shards of token ids, and the tokenizer that is trained on them. It knows no
// model and no graph.
