package auth

// LocalUserID is the id of the one built-in user of a single-user dashboard. It has no password, so
// that nobody signs in as it, and it counts as nobody where the first user is looked for.
const LocalUserID = "local"

// LocalUsername is its name.
const LocalUsername = "local"
