"""«Siffror»: what it costs and how it goes, by month. Counted by night, shown as plots and tables."""
