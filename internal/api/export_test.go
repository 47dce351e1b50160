package api

// CheckJSON is for the fuzz test of request bodies.
var CheckJSON = checkJSON

// ClientAddress is for the tests of forwarding headers.
var ClientAddress = clientAddress
