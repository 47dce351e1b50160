package api

// CheckJSON is for the fuzz test of request bodies.
var CheckJSON = checkJSON

// ClientAddress is for the tests of forwarding headers.
var ClientAddress = clientAddress

// LoopbackHost is for the fuzz test of Host headers.
var LoopbackHost = loopbackHost
