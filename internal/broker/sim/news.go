package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// NewsFile is the name of the file of news in a data folder: a JSON list of Alpaca's articles.
const NewsFile = "news.json"

// reporter is a Market that knows news.
type reporter interface {
	// News returns all articles, the newest (by update) first.
	News() []wire.News
}

func newsOf(source Market) []wire.News {
	if known, ok := source.(reporter); ok {
		return known.News()
	}
	return nil
}

// News are the market's.
func (v venue) News() []wire.News { return newsOf(v.Market) }

// News returns the recorded articles.
func (m *csvMarket) News() []wire.News { return m.news }

// loadNews reads the folder's news, if it has any.
func (m *csvMarket) loadNews(folder string) error {
	file := filepath.Join(folder, NewsFile)
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read news: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	var articles []wire.News
	if err := decoder.Decode(&articles); err != nil {
		return fmt.Errorf("%s: a list of articles is expected: %w", file, err)
	}
	for i, article := range articles {
		if article.ID == 0 || article.CreatedAt.IsZero() {
			return fmt.Errorf("%s: article %d has no id or no created_at", file, i+1)
		}
		if article.UpdatedAt.IsZero() {
			article.UpdatedAt = article.CreatedAt
		}
		article.Images = append([]wire.NewsImage{}, article.Images...)
		article.Symbols = append([]string{}, article.Symbols...)
		m.news = append(m.news, article)
	}
	slices.SortStableFunc(m.news, func(a, b wire.News) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return nil
}

// listNews serves the articles that were out by now; the token is the id of the next one.
func listNews(c *call) (answer, error) {
	start, startErr := c.moment("start")
	end, endErr := c.lastMoment("end")
	limit, limitErr := c.limit("limit", 10, 50)
	ascending, sortErr := c.ascending("sort", false)
	if err := errors.Join(startErr, endErr, limitErr, sortErr); err != nil {
		return answer{}, badData("%s", err)
	}
	articles := slices.Clone(newsOf(c.config.Market))
	if ascending {
		slices.Reverse(articles)
	}
	symbols, token, shown := c.list("symbols"), c.query.Get("page_token"), []wire.News{}
	for _, article := range articles {
		fits := len(symbols) == 0 || slices.ContainsFunc(symbols, func(s string) bool { return slices.Contains(article.Symbols, s) })
		if !fits || article.UpdatedAt.After(c.now) || article.UpdatedAt.Before(start) || !end.IsZero() && article.UpdatedAt.After(end) {
			continue
		}
		id := fmt.Sprint(article.ID)
		if token != "" && token != id {
			continue
		}
		if token = ""; len(shown) == limit {
			return ok(map[string]any{"news": shown, "next_page_token": id})
		}
		if c.query.Get("include_content") != "true" {
			article.Content = ""
		}
		shown = append(shown, article)
	}
	return ok(map[string]any{"news": shown, "next_page_token": nil})
}
