"""AutoWS methods, one module each: Snuba and what else lies in this folder."""
