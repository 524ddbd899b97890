"""What clerks call the columns, kind by kind. The first word of each line is the one that we write ourselves."""

from __future__ import annotations

_PERSON = {
    "serial": "序号 序 行号 顺序号",
    "household_number": "户号 户编号 家庭编号 家庭户号 户籍编号 户口编号",
    "lane": "组别 组 村民小组 小组 巷 街巷 所属街巷 网格 所在组 巷道 组巷 村组 所在街巷",
    "remark": "备注 说明 备考",
}

COLUMNS: dict[str, dict[str, str]] = {
    "roll": {
        **_PERSON,
        "kind": "储户类型 储户类别 账户类型 存折类型",
        "name": "姓名 储户姓名 成员姓名 家庭成员 人员姓名 储户 储户名称 名称 单位名称 家庭成员姓名",
        "head": "户主 户主姓名 户主名字",
        "relation": "与户主关系 与户主的关系 关系 家庭关系 同户主关系 户主关系",
        "sex": "性别",
        "id_number": "身份证号 身份证 身份证号码 公民身份号码 公民身份证号 证件号 证件号码",
        "born_on": "出生日期 出生年月 出生年月日 生日 出生",
        "phone": "电话 手机 手机号 联系电话 联系方式 电话号码 手机号码 联系手机",
        "classes": "身份 类别 身份类别 人员类别 政治面貌 储户身份 人员身份",
        "resident_count": "家庭人数 人口 人口数 家庭人口 常住人口 户内人数 人数 家庭人口数 常住人数",
        "village": "村 村庄 行政村 所在村 自然村 村名",
        "guardian": "监护人 监护人姓名",
        "joined_on": "开户日期 开户时间 入行日期 建档日期",
        "passbook": "存折号 存折号码 存折编号 积分卡号 卡号",
    },
    "rulebook": {
        "code": "编号 条目编号 条目号 细则号 细则编号 条款 条目 项目编号",
        "serial": "序号 序 行号",
        "category": "类别 大类 分类 项目类别 类型 积分类别 一级指标 指标类别",
        "title": "事项 积分事项 项目 内容 积分项目 评分内容 具体事项 积分内容 行为 具体内容 事项名称 二级指标",
        "direction": "加减分 加减 方向 加分减分 加扣分 加分扣分 正负 奖扣",
        "points": "分值 分数 积分 积分值 标准分 得分 积分标准 加分值 分值标准 赋分",
        "unit": "单位 计分单位 计量单位",
        "counting": "计分 计分方式 计分方法",
        "quantity_max": "单次最多 每次最多 单次上限",
        "caps": "上限 封顶 次数上限 积分上限 限制 最高分 上限说明 频次 限额",
        "evidence": "佐证 佐证材料 证明材料 凭证 佐证要求 证明",
        "classes": "适用对象 对象 适用人群 积分对象 适用范围 适用人员",
        "declarers": "申报方式 谁来申报 申报渠道 谁能申报",
        "credits": "记入 记到 入账对象 计入",
        "effect": "积分种类 记哪种积分 积分类型",
        "track": "公示 公示方式 公示天数 公示期 公示要求",
        "reviews": "审核人数 审核 几人审核",
        "window": "申报期限 几天内申报 申报时限",
        "ground": "减分依据 减分种类 扣分依据",
        "repair": "整改 整改要求 修复办法 补救",
        "remark": "备注 说明 具体说明 解释 备考 白话",
    },
    "register": {
        **_PERSON,
        "name": "姓名 户主 储户 储户姓名 户主姓名 储户名称 名称 积分对象 人员",
        "happened_on": "日期 时间 发生日期 活动日期 登记日期 办理日期 记分日期 发生时间",
        "code": "细则 细则编号 条目编号 编号 条目 条款 细则条目",
        "item": "事项 积分事项 项目 内容 摘要 善行 具体事项 积分项目 事由 积分内容",
        "category": "类别 大类 分类 积分类别",
        "quantity": "数量 次数 时长 小时数 件数 小时 时数",
        "points": "分值 积分 得分 分数 加减分 积分值 分值加减 记分",
        "plus": "加分 存入 加分值",
        "minus": "扣分 减分 扣分值 减分值",
        "evidence": "佐证 佐证材料 证明材料 证明 照片",
        "declarer": "申报人 登记人 记录人 上报人",
        "reviewer": "审核人 审核 审批人 复核人",
        "noticed_on": "公示日期 公示时间",
        "voucher": "凭证 凭证号 凭证编号",
    },
    "balances": {
        **_PERSON,
        "name": "户主 姓名 储户 户主姓名 储户姓名 储户名称 名称",
        "resident_count": "家庭人数 人口 人口数 家庭人口 人数",
        "opening": "上月结余 上期结余 上月余额 期初 期初结余 上月积分 上年结余 期初积分 结转 上月结转",
        "earned": "本月加分 加分 本期加分 本月存入 本年加分 加分合计 本月得分加分",
        "deducted": "本月扣分 扣分 减分 本月减分 本期扣分 扣分合计 本月得分扣分",
        "net": "本月得分 得分 本月积分 本期得分 本月合计 本年得分",
        "redeemed": "已兑换 本月兑换 兑换 兑换积分 已兑换积分 本期兑换 已用积分 支出 用去",
        "balance": "结余 本月结余 余额 现结余 剩余积分 结余积分 积分余额 期末结余 月末结余 现有积分 剩余",
        "honour": "累计积分 累计得分 荣誉积分 历史累计 总积分 累计",
        "signature": "户主签字 签字 签名 签字确认 户主签名 确认",
        "passbook": "存折号 存折号码 存折编号 积分卡号 卡号",
    },
}

KNOWN: dict[str, dict[str, str]] = {
    kind: {word: name for name, words in columns.items() for word in words.split()} for kind, columns in COLUMNS.items()
}
SHOWN: dict[str, dict[str, str]] = {
    kind: {name: words.split()[0] for name, words in columns.items()} for kind, columns in COLUMNS.items()
}
REQUIRED: dict[str, list[tuple[str, ...]]] = {
    "roll": [("name", "head")],
    "rulebook": [("title",), ("points",)],
    "register": [("name",), ("happened_on",), ("item", "code")],
    "balances": [("name",), ("balance",)],
}
