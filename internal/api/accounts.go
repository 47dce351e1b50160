package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type brokerageView struct {
	Name      string  `json:"name"`
	APIKey    string  `json:"api_key" doc:"The first eight characters and three dots"`
	Paper     bool    `json:"paper"`
	Active    bool    `json:"active" doc:"The account that the pages show"`
	Demo      bool    `json:"demo" doc:"Lives in the built-in simulator"`
	Automated bool    `json:"automated" doc:"Whether it trades by itself"`
	Armed     bool    `json:"armed" doc:"Whether the program may trade it: always true for paper accounts"`
	NextRun   *string `json:"next_run" doc:"The next cycle in the market's time"`
	CreatedAt *string `json:"created_at"`
}

func viewBrokerage(account trade.BrokerageAccount) brokerageView {
	return brokerageView{
		Name: account.Name, APIKey: account.APIKeyHint + "...", Paper: account.Paper, Active: account.Active,
		Demo: account.Demo, Automated: account.Automated, Armed: account.Armed(),
		NextRun: timeText(account.NextRunAt), CreatedAt: timeText(account.CreatedAt),
	}
}

func (s *server) accounts(ctx context.Context, _ *nothing) ([]brokerageView, error) {
	accounts, err := s.App.ListAccounts(ctx, principalOf(ctx))
	return each(accounts, viewBrokerage), err
}

type accountAddInput struct {
	Body struct {
		Name      string `json:"name" doc:"1 to 80 characters"`
		APIKey    string `json:"api_key"`
		SecretKey string `json:"secret_key"`
		Paper     *bool  `json:"paper,omitempty" doc:"true (the default) for paper keys, false for live ones"`
	}
}

type accountSaved struct {
	Success  bool   `json:"success"`
	Message  string `json:"message"`
	Name     string `json:"name"`
	Verified bool   `json:"verified" doc:"Whether the broker has accepted the keys"`
	Warning  string `json:"warning,omitempty"`
}

func viewSaved(saved app.SavedAccount, message string) accountSaved {
	return accountSaved{true, message, saved.Account.Name, saved.Verified, saved.Warning}
}

func (s *server) accountAdd(ctx context.Context, input *accountAddInput) (accountSaved, error) {
	saved, err := s.App.AddAccount(ctx, principalOf(ctx), app.NewAccount{
		Name:   input.Body.Name,
		APIKey: secret.NewText(input.Body.APIKey), SecretKey: secret.NewText(input.Body.SecretKey),
		Paper: input.Body.Paper == nil || *input.Body.Paper,
	})
	return viewSaved(saved, "Account added."), err
}

type accountUpdateInput struct {
	Account string `path:"name"`
	Body    struct {
		Name      *string `json:"name,omitempty"`
		APIKey    *string `json:"api_key,omitempty" doc:"Together with secret_key"`
		SecretKey *string `json:"secret_key,omitempty" doc:"Together with api_key"`
		Paper     *bool   `json:"paper,omitempty" doc:"Moving to live turns automation off"`
		Automated *bool   `json:"automated,omitempty" doc:"Whether the account trades by itself"`
	}
}

func (s *server) accountUpdate(ctx context.Context, input *accountUpdateInput) (accountSaved, error) {
	saved, err := s.App.UpdateAccount(ctx, principalOf(ctx), input.Account, app.AccountChange{
		Name: input.Body.Name, APIKey: secretText(input.Body.APIKey), SecretKey: secretText(input.Body.SecretKey),
		Paper: input.Body.Paper, Automated: input.Body.Automated,
	})
	return viewSaved(saved, "Account changed."), err
}

func secretText(value *string) *secret.Text {
	if value == nil {
		return nil
	}
	text := secret.NewText(*value)
	return &text
}

type accountInput struct {
	Account string `path:"name"`
}

func (s *server) accountDelete(ctx context.Context, input *accountInput) (done, error) {
	return done{true}, s.App.DeleteAccount(ctx, principalOf(ctx), input.Account)
}

func (s *server) accountActivate(ctx context.Context, input *accountInput) (done, error) {
	return done{true}, s.App.ActivateAccount(ctx, principalOf(ctx), input.Account)
}
