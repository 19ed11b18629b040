"""What ``universe doctor`` looks at: one function a question, each answering with a Finding. None changes anything."""
