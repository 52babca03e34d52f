"""Files of the site that are not pages: feeds, badges, tables, search index, sitemap."""
