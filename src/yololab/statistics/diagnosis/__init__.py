"""Why a model is better or worse: error types, object sizes, the images that changed."""
