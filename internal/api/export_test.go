package api

// CheckJSON is for the fuzz test of request bodies.
var CheckJSON = checkJSON
