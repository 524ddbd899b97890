"""商城 · the mall: products priced in points, stock at branches, orders.

Nouns: Product, Stock, StockChange, Order. Steps of an order: placed (points held in escrow, goods set aside) → collected
(points redeemed, cost drawn from the fund) → refunded; or placed → cancelled | expired (points and goods go back).
Promises: the last item is ordered once; an order is handed over once; every order has one deduction and at most one way
back of the same size; the changes of a stock add up to the stock.
"""
