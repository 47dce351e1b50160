// Package audit holds the words of the audit log: an entry and the chain that binds entries.
package audit

import "time"

// Action names what happened. The names are those of the upgrade guide.
type Action string

// The actions.
const (
	Register         Action = "register"
	RegisterFailed   Action = "register_failed" // the name is taken, or the stranger is not admitted
	Login            Action = "login"
	LoginFailed      Action = "login_failed"
	Logout           Action = "logout"
	AccountCreated   Action = "account_created"
	AccountUpdated   Action = "account_update"
	AccountDeleted   Action = "account_deleted"
	AccountActivated Action = "account_activate"
	WatchlistAdd     Action = "watchlist_add"
	WatchlistRemove  Action = "watchlist_remove"
	IndicatorsUpdate Action = "indicators_update"
	SettingsUpdate   Action = "settings_update"
	AutomationOn     Action = "automation_on"
	AutomationOff    Action = "automation_off"
	AutoTradeBuy     Action = "auto_trade_buy"
	AutoTradeSell    Action = "auto_trade_sell"
	AutoTradeCycle   Action = "auto_trade_cycle"
	AutoTradeError   Action = "auto_trade_error"
	KeyRotated       Action = "key_rotated"
	KeysReset        Action = "keys_reset"      // the ENCRYPTION_KEY was lost
	TradingHalted    Action = "trading_halted"  // by a person or by the program: halted or reduce-only
	TradingResumed   Action = "trading_resumed" // active again
	TradingFlattened Action = "trading_flattened"
	AccountArmed     Action = "account_armed" // a live account may be traded
	DriftFound       Action = "drift_found"   // the broker's positions differ from the journal's
	DriftAdopted     Action = "drift_adopted"
	StrategyUpdate   Action = "account_strategy_update" // what one account does differently from its user
	RiskChanged      Action = "risk_limits_changed"     // of the whole installation
	AccountDisarmed  Action = "account_disarmed"

	TwoFactorEnabled  Action = "2fa_enable"
	TwoFactorDisabled Action = "2fa_disable"
	TwoFactorVerified Action = "2fa_verified"
	TwoFactorFailed   Action = "2fa_failed"
	RecoveryCodeUsed  Action = "recovery_code_used"
	RecoveryCodesMade Action = "recovery_codes_new"
	StepUp            Action = "step_up"
	StepUpFailed      Action = "step_up_failed" // a wrong password; a wrong code is TwoFactorFailed
	PasswordChange    Action = "password_change"
	EmailChange       Action = "email_change"
	EmailChangeFailed Action = "email_change_failed" // another user has the address
	SessionEnd        Action = "session_end"

	PasskeyAdded   Action = "passkey_added"
	PasskeyRenamed Action = "passkey_renamed"
	PasskeyDeleted Action = "passkey_deleted"
	PasskeyFailed  Action = "passkey_failed" // also with an unknown one; details say why
	TokenCreated   Action = "token_created"
	TokenRevoked   Action = "token_revoked"

	UserCreated         Action = "user_created" // by an administrator; who registers is Register
	UserImported        Action = "user_imported"
	FilesImported       Action = "files_imported" // settings, watchlist and accounts of a user
	BackupCreated       Action = "backup_created"
	BackupRestored      Action = "backup_restored"
	UserDisabled        Action = "user_disabled"
	UserEnabled         Action = "user_enabled"
	RoleChanged         Action = "role_changed"
	PasswordResetLink   Action = "password_reset_link"
	PasswordSet         Action = "password_set" // with such a link
	TwoFactorReset      Action = "2fa_reset"    // by an administrator
	SessionsEnded       Action = "sessions_ended"
	RegistrationChanged Action = "registration_changed"
	RateLimitsChanged   Action = "rate_limits_changed"
	InviteCreated       Action = "invite_created"
	InviteRevoked       Action = "invite_revoked"
	InviteUsed          Action = "invite_used"

	AuditAlarm    Action = "audit_alarm"    // the log did not verify
	AuditArchived Action = "audit_archived" // old entries were moved into a sealed file
	AuditExported Action = "audit_exported"
)

// Entry is one act. It is written in the act's own transaction.
type Entry struct {
	Sequence  int64 // gapless from 1, given by the store
	At        time.Time
	Actor     string // user id; empty for nobody or the command line
	ActorName string
	Session   string // hashed session id
	Address   string
	UserAgent string // at most 200 characters
	Action    Action
	Target    string         // "account:UUID", "symbol:AAPL"
	Details   map[string]any // canonical JSON at rest; never secrets
}
