"""Files of records in, files of answers out: streamed, so that memory does not grow with the file."""
