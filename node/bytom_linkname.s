// Empty: lets linkname.go declare a function without a body.
